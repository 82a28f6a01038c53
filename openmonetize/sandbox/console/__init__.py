"""The console: one page at ``/`` that shows what happens in the sandbox while it happens.

The server renders every fragment of the page. A small script asks once a second for the fragments, and inserts those
that have changed. All text from outside passes through `markup`, and the page's content security policy allows that one
script and that one style sheet only.
"""
