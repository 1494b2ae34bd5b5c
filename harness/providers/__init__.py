"""Where components run. The engine knows `base` only; `harness.bootstrap` picks one."""
