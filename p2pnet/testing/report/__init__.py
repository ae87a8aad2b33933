"""Pictures of runs: who hosted when, what broke, how long nobody did, and what was said meanwhile.

`recorder` watches a world and makes a `picture.Picture` of it, which is plain data. `strip` draws a
stretch of it, and `svg` and `page` put strips into a file. `charts` draws what came of campaigns.
"""
