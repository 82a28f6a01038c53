"""The model of a contract, printed as Python and as pages: types and texts are made here, templates only place them."""
