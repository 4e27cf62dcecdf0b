"""Policies looked at from outside of calls: faults, who can do what and why, what would happen, and ready ones.

Example:
    >>> from kmscore.policies import review, templates
    >>> text = templates.show("administrators-and-users", account="111122223333",
    ...     administrators=["arn:aws:iam::111122223333:role/admin"], users=["arn:aws:iam::111122223333:role/app"])
    >>> [finding.text for finding in review.review(text)]
    []
"""
