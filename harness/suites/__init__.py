"""Which tests run, in which phases, and the pytest process that runs them."""
