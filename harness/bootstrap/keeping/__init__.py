"""A process that owns an environment: started, told what to run, wired together, and held by its clients."""
