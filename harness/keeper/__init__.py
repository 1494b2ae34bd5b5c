"""Who owns a started environment: a small process that outlives its clients' crashes and tidies up after them."""
