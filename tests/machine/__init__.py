"""The central promise: live view, rebuilt view and a plain dict agree, whatever is done and whatever crashes."""
