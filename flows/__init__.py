"""When: one file a loop; a flow reads as a sentence."""
