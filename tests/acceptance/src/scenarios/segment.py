"""Posts what a server would, with Segment's own client: segment.py URL WRITE_KEY USER EMAIL. Fails on any complaint."""

import sys

import segment.analytics as analytics

url, write_key, user, email = sys.argv[1:]
complaints = []
analytics.host = url
analytics.write_key = write_key
analytics.max_retries = 1
analytics.on_error = lambda error, items: complaints.append(str(error))

analytics.identify(user, {"email": email, "first_name": "Ana", "subscribed": ["news"]})
analytics.page(user, "Docs", "Start", {"url": "https://www.example.com/start"})
analytics.track(user, "signed_up", {"plan": "free"})
analytics.shutdown()
sys.exit("\n".join(complaints) or None)
