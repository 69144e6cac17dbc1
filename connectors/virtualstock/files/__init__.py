"""The Edge by flat files over SFTP ("V6"), as a supplier: the same orders and states as over REST, by another road."""
