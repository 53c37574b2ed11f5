"""Components of the browser: each folder holds its Python, JavaScript, HTML and CSS.

`protocol.py` and the JavaScript beside it are shared by every queue of cards.
"""
