"""The outside world for development and tests: address books behind OAuth, and a mailbox.

A Django project of its own. It imports nothing of the product, and the product nothing of it.
"""
