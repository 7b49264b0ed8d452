"""One module for each family of routes; each gives a router from what it is handed."""
