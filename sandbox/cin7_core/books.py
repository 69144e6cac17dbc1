"""The reference books: company, locations, carriers, tax rules, payment terms and customers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.cin7_core.wire import Record, Refused, lines_of, required, text_of, write_moment

CURRENCY = "GBP"
MAIN_WAREHOUSE = "Main Warehouse"
CUSTOMER_REQUIRED = ("Name", "Status", "Currency", "PaymentTerm", "AccountReceivable", "RevenueAccount", "TaxRule")
CUSTOMER_DEFAULTS: Record = {
    "Discount": 0,
    "TaxNumber": "",
    "CreditLimit": 0,
    "Carrier": None,
    "SalesRepresentative": None,
    "Location": MAIN_WAREHOUSE,
    "Comments": "",
    "PriceTier": "Tier 1",
    "Tags": "",
    "IsOnCreditHold": False,
    "AttributeSet": None,
    **{f"AdditionalAttribute{number}": None for number in range(1, 11)},
}


@dataclass
class Location:
    """A place that holds stock; its bins appear as `{"ID", "Name"}`."""

    id: str
    name: str
    is_default: bool = False
    bins: dict[str, str] = field(default_factory=dict)

    def wire(self) -> Record:
        """Return the row of `/ref/location`."""
        bins = [
            {"ID": bin_id, "Name": name, "IsDeprecated": False, "IsStaging": False}
            for name, bin_id in self.bins.items()
        ]
        return {
            "ID": self.id,
            "Name": self.name,
            "IsDefault": self.is_default,
            "IsDeprecated": False,
            "Bins": bins or None,
            "FixedAssetsLocation": False,
            "ParentID": None,
            "ParentName": None,
            "ReferenceCount": 0,
            "AddressLine1": "",
            "AddressLine2": "",
            "AddressCitySuburb": "",
            "AddressStateProvince": "",
            "AddressZipPostCode": "",
            "AddressCountry": "",
            "PickZones": None,
            "IsShopfloor": False,
            "IsCoMan": False,
            "IsStaging": False,
        }


@dataclass
class Customer:
    """A customer; `fields` are those of `POST /customer` under the vendor's names."""

    id: str
    fields: Record
    modified_at: datetime

    @property
    def name(self) -> str:
        """Return the customer's name."""
        return str(self.fields["Name"])

    def wire(self) -> Record:
        """Return the row of `/customer`."""
        return {"ID": self.id, **self.fields, "LastModifiedOn": write_moment(self.modified_at, 1)}


class Books:
    """The reference books of one company, filled with a plausible United Kingdom set."""

    def __init__(self, new_id: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._new_id, self._now = new_id, now
        self.locations: dict[str, Location] = {}
        self.customers: dict[str, Customer] = {}
        self.service_products = {"Shipping"}
        self.carriers = [self._carrier(name) for name in ("DEFAULT Carrier", "DPD", "Royal Mail", "Evri", "Yodel")]
        self.terms = [
            self._term("30 days", 30, is_active=True, is_default=True),
            self._term("Cash on delivery", 0, is_active=True, is_default=False),
            self._term("60 days", 60, is_active=False, is_default=False),
        ]
        self.taxes = [
            self._tax("20% (VAT on Income)", 20, is_for_sale=True),
            self._tax("Zero Rated Income", 0, is_for_sale=True),
            self._tax("20% (VAT on Expenses)", 20, is_for_sale=False),
        ]
        self.add_location(MAIN_WAREHOUSE, is_default=True)
        self.add_location("Returns")
        self.add_customer("John Lewis Marketplace")

    def me(self) -> Record:
        """Return the answer of `/me`."""
        return {
            "Company": "Pretend Homewares Ltd",
            "Currency": CURRENCY,
            "TimeZone": "Europe/London",
            "LockDate": None,
            "OpeningBalanceDate": "2020-01-01T00:00:00",
            "TaxCalculationMethod": "Total",
            "DefaultSaleTaxRuleId": self.taxes[0]["ID"],
            "DefaultSaleTaxRuleName": self.taxes[0]["Name"],
            "DefaultWeightUnits": "g",
            "DefaultDimensionsUnits": "cm",
            "MaximumDecimalPlacesInQuantity": "N2",
            "RoundingTable": [],
            "AutomaticallyApplyDiscounts": False,
            "ApplyCustomerDiscountsAfterOtherDiscounts": False,
            "DiscountRule": "Discount",
        }

    def add_location(self, name: str, *, is_default: bool = False) -> Location:
        """Open a location, or return the one of this name."""
        if name not in self.locations:
            self.locations[name] = Location(self._new_id(), name, is_default)
        return self.locations[name]

    def add_customer(self, name: str) -> Customer:
        """Register an active customer with the usual terms."""
        return self._register(
            {
                "Name": name,
                "Status": "Active",
                "Currency": CURRENCY,
                "PaymentTerm": "30 days",
                "AccountReceivable": "610",
                "RevenueAccount": "200",
                "TaxRule": self.taxes[0]["Name"],
            }
        )

    def create_customer(self, body: Record) -> Customer:
        """Register the customer of a `POST /customer`."""
        required(body, CUSTOMER_REQUIRED, "Customer")
        if text_of(body, "Status") not in {"Active", "Deprecated"}:
            raise Refused("Customer: Status must be Active or Deprecated")
        if any(customer.name == text_of(body, "Name", 256) for customer in self.customers.values()):
            raise Refused(f"Customer with name {body['Name']} already exists")
        self.active_term(text_of(body, "PaymentTerm"))
        self.sale_tax_rule(text_of(body, "TaxRule"))
        known = {*CUSTOMER_REQUIRED, *CUSTOMER_DEFAULTS}
        fields = {name: value for name, value in body.items() if name in known}
        return self._register(
            {**fields, "Addresses": lines_of(body, "Addresses"), "Contacts": lines_of(body, "Contacts")}
        )

    def active_customer(self, body: Record) -> Customer:
        """Return the customer whom `CustomerID` or `Customer` names, or refuse."""
        customer_id, name = text_of(body, "CustomerID"), text_of(body, "Customer")
        if not customer_id and not name:
            raise Refused("CustomerID or Customer is required")
        for customer in self.customers.values():
            same = customer.id == customer_id.lower() if customer_id else customer.name == name
            if same and customer.fields["Status"] == "Active":
                return customer
        key = f"ID {customer_id}" if customer_id else f"name {name}"
        raise Refused(f"Active customer with {key} was not found in Customers reference book")

    def location(self, name: str) -> Location:
        """Return the location of this name, or refuse."""
        if name not in self.locations:
            raise Refused(f"Active location with name {name} was not found in Locations reference book")
        return self.locations[name]

    def location_of(self, line: Record) -> Location:
        """Return the location that a pick or pack line names by `LocationID` or `Location`, or refuse."""
        wanted = text_of(line, "LocationID").lower()
        if not wanted:
            return self.location(text_of(line, "Location"))
        for location in self.locations.values():
            if location.id == wanted:
                return location
        raise Refused(f"Active location with ID {wanted} was not found in Locations reference book")

    def active_term(self, name: str) -> None:
        """Refuse a payment term that is unknown or inactive."""
        if not any(term["Name"] == name and term["IsActive"] for term in self.terms):
            raise Refused(f"Active payment term with name {name} was not found in Payment Terms reference book")

    def sale_tax_rule(self, name: str) -> None:
        """Refuse a tax rule that is unknown, inactive or not for sales."""
        if not any(tax["Name"] == name and tax["IsActive"] and tax["IsTaxForSale"] for tax in self.taxes):
            raise Refused(f"Active sale tax rule with name {name} was not found in Tax Rules reference book")

    def _register(self, fields: Record) -> Customer:
        customer = Customer(
            self._new_id(), {**CUSTOMER_DEFAULTS, "Addresses": [], "Contacts": [], **fields}, self._now()
        )
        self.customers[customer.id] = customer
        return customer

    def _carrier(self, description: str) -> Record:
        return {"CarrierID": self._new_id(), "Description": description}

    def _term(self, name: str, days: int, *, is_active: bool, is_default: bool) -> Record:
        return {
            "ID": self._new_id(),
            "Name": name,
            "Duration": days,
            "Method": "number of days",
            "IsActive": is_active,
            "IsDefault": is_default,
        }

    def _tax(self, name: str, percent: int, *, is_for_sale: bool) -> Record:
        component = {"ID": self._new_id(), "Name": "VAT", "AccountCode": "820", "Percent": f"{percent}.0000000000"}
        return {
            "ID": self._new_id(),
            "Name": name,
            "Account": "820",
            "IsActive": True,
            "TaxInclusive": False,
            "TaxPercent": percent,
            "IsTaxForSale": is_for_sale,
            "IsTaxForPurchase": not is_for_sale,
            "Components": [{**component, "Compound": "0", "ComponentOrder": "1"}],
        }
