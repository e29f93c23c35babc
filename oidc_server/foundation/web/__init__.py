"""Web: requests read strictly, pages and answers sent with the headers they need."""
