# SPDX-License-Identifier: MIT
"""The kvferry protocol a second time, from protocol/SPEC.md alone."""
