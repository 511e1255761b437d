"""How good labels are: measured, and told in words."""
