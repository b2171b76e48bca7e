"""Orders: placed, amended, cancelled; their demands and the answers to them."""
