"""Whether this installation is well: small looks that change nothing, each with what to do.

They work beside a running server and without one, and when the database cannot be read.
"""
