"""HTTP as the contracts need it: routing, requests, answers, conditions, the edge."""
