"""What every RuneFrameOS service shares: settings, tokens, errors, pages, events, migrations, clients."""
