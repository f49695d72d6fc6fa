// Only carries the precompiled header that the modules share.
