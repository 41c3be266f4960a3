# SPDX-License-Identifier: MIT
def complaint(vector, folder):
    return "not yet"
