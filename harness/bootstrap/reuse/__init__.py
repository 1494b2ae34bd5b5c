"""Whether what runs is what would be started now, told by all that it is made from; who may then use it."""
