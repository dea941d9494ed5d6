"""What is asked: the study file, its checker, and the machine that decides what comes next. Pure."""
