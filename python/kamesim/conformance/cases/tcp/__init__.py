"""Cases on TCP: RFC 9293 and what belongs to it, as scripts of segments."""
