"""`kmscore bench`: the envelope engine on this machine, beside its limits and beside what people use today.

Nothing here is imported by `import kmscore`. The peers are optional: those that are not installed are named with the
command that installs them.
"""
