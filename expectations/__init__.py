"""What a good record is: one suite of expectations a record kind. The way in is `expectations.gate`."""
