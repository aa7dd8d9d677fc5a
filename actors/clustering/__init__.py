"""The clusterer: it decides, lazily, which memories stand together.

Its modules need numpy, so nothing that `import remanence` loads may import them.
"""
