"""Native models in processes of their own: start them, speak with them, bound them, watch them."""
