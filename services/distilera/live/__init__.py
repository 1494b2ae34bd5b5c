"""What Distilera tells while it happens: WebSocket subscriptions, fanned out across processes through Redis."""
