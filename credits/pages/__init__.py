"""The browser's side of the books: what is there, what came and went, and word of every change while a page is open."""
