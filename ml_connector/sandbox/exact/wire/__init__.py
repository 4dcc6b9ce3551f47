"""Values, queries and answers as Exact writes them, and the tables behind them."""
