"""The performance suite: workloads, peers, baselines and the report.

It measures the product the way its users meet it, so it may import every layer and the face. No
layer below the face imports it.
"""
