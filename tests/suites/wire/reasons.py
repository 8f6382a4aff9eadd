"""Why a case differs, by topic and name: the first that fits counts. For differential.py."""
REASONS = [
    ("chunked", "^an error in a body|not at its end|without an end|a large size|too many trailer|"
     "more zeros",
     "A limit of its own: nginx and haproxy have others, or none, before they look at the body."),
    ("chunked", "white space behind|that is none|control byte in an ext|line end in an ext",
     "RFC 9112 section 7.1.1: white space stands before an extension only, and an extension is a "
     "token, alone or with a token or a quoted string behind `=`. What one recipient skips another "
     "takes for a part of the size."),
    ("chunked", "extension that is too long|too much in all",
     "RFC 9112 section 7.1.1 tells a recipient to limit extensions, each and in all."),
    ("chunked", "more than a length",
     "RFC 9112 section 7.1: the conversion of a size must not overflow."),
    ("chunked", "bare|not CRLF|final CRLF",
     "RFC 9112 section 7.1: CRLF is part of the framing; section 2.2 lets a bare LF end lines of a "
     "head only. Whoever takes less than CRLF for it can be made to see other chunks."),
    ("chunked", "malformed trailer",
     "RFC 9112 section 7.1.2: trailer fields are field lines and malformed for the same reasons."),
    ("chunked", "trailer fields that would change",
     "RFC 9110 section 6.5.1: such fields must not be merged into the head. They are dropped, "
     "which is as safe as to refuse them."),
    ("connection", "what is not close",
     "RFC 9112 section 9.6: the option is the whole word `close`; another that merely contains it, "
     "or has another name, closes nothing."),
    ("connection", "stream ends with|an upgrade",
     "The answer of a streaming route ends an HTTP/1.0 connection; the others have no such route. "
     "RFC 9110 section 7.8: a server may ignore Upgrade, and answers the request as it is."),
    ("content_length", "list|two fields|the first of two",
     "RFC 9112 section 6.3 leaves it to the recipient to refuse equal lengths or to take them for "
     "one. Only to refuse them is the same for everybody behind."),
    ("content_length transfer_encoding host", "white space around|control byte",
     "RFC 9110 section 5.5: white space around a value, tabs included, is no part of it, and a "
     "control byte is no white space."),
    ("content_length", "missing|large number",
     "Who answers before the body is there, or waits for one that he will not take, decides it for "
     "a handler. 413 comes at once, and a body within the limit is waited for."),
    ("expect", "list of nothing else",
     "RFC 9110 sections 5.6.1 and 10.1.1: the field is a list, in which a member may come twice "
     "and empty ones are no members."),
    ("expect", "another expectation",
     "RFC 9110 section 10.1.1: 417 says that the expectation was not met; to serve the request "
     "says that it was."),
    ("expect", ".",
     "RFC 9110 section 10.1.1: who answers without 100 Continue has to say whether he reads the "
     "body all the same. Ferrule closes, since the next bytes may be a body or a request."),
    ("fields", "may not have|one byte that is none|such a byte",
     "RFC 9110 sections 5.1 and 5.5: a name is a token; CR, LF and NUL in a value must be refused "
     "or replaced, other control bytes may be."),
    ("fields", "colon", "RFC 9112 section 5.1: a server must refuse white space before the colon; "
     "a line without a colon is no field. nginx drops both and serves the rest."),
    ("fields", "folded",
     "RFC 9112 section 5.2: a server must refuse a folded line or replace the fold. Whoever does "
     "neither behind haproxy sees another field."),
    ("fields host request_line",
     "bare|LFs alone|line end in Host|more than one empty|line that is none",
     "RFC 9112 section 2.2 allows a recipient to take a bare LF for a line's end and to skip empty "
     "lines. It need not, and a bare CR must be refused."),
    ("host", "no Host|two Hosts|empty",
     "RFC 9112 section 3.2: 400 for a missing Host and for two; RFC 9110 section 4.2.1: http has "
     "no empty host."),
    ("host target",
     "^not |a host may not|invalid authority|invalid Host|no host in abs|without Host|two Hosts",
     "RFC 9112 section 3.2: 400 for an invalid Host; RFC 3986 section 3.2 and RFC 9110 section 4.2 "
     "say what is valid. What passes ends up in links, in logs and in routing."),
    ("pipelining", ".",
     "The second request is malformed in a way that is explained elsewhere in this table."),
    ("request_line", "method",
     "RFC 9110 sections 9.1 and 15.6.2: a method is case-sensitive, any token may be one, and 501 "
     "says that the server does not know it; the framing is certain, so the connection stays. A "
     "method of more than 32 bytes closes it."),
    ("request_line", "space",
     "RFC 9112 section 3: single spaces separate. To parse on white space instead is allowed, and "
     "how two parsers come to see two targets."),
    ("request_line", "version|HTTP/2",
     "RFC 9112 section 2.3 has one form for a version, RFC 9110 section 15.6.6 has 505 for another "
     "major one. The preface of HTTP/2 (RFC 9113 section 3.4) asks for what is not spoken here."),
    ("target", "browsers|and in a query|taken for itself|as forms send|same in absolute",
     "The URL standard (url.spec.whatwg.org), sections 1.3 and 4.1, has browsers send these bytes "
     "as they are, and a `%` that begins no escape stand for itself. To refuse them is to refuse "
     "honest clients; nothing that is looked for in a target is spelled with them."),
    ("target", "CONNECT",
     "RFC 9110 section 9.3.6: the target is host and port. What follows a refused CONNECT may be "
     "meant for the tunnel, so the connection ends."),
    ("target", "OPTIONS|asterisk",
     "RFC 9112 section 3.2.4: `*` is the target of OPTIONS, as it is, and of nothing else."),
    ("target", "may not have|fragment|escape|no slash",
     "RFC 9112 section 3.2: a target is of the characters of RFC 3986 and those that browsers "
     "leave as they are, begins with a slash unless it is absolute, and has no fragment; else 400. "
     "`%00` (RFC 3986 section 7.3) "
     "ends strings in what is behind."),
    ("target", "dot segment",
     "RFC 3986 section 6.2.2.3: a client removes dot segments. A server that does it too serves "
     "another path than the one that was checked in front of it."),
    ("target", "https|another scheme",
     "RFC 9110 section 7.4: a request for another scheme's resource, https on an unsecured "
     "connection above all, must be refused."),
    ("target", "absolute form|authority counts",
     "RFC 9112 section 3.2.2: the authority of the target counts and Host is ignored. haproxy "
     "refuses what differs."),
    ("transfer_encoding", "empty",
     "RFC 9110 section 5.6.1 would have empty members ignored. The one rule that is not kept on "
     "purpose: this field decides where the next request begins."),
    ("transfer_encoding", "Content-Length|HTTP/1.0",
     "RFC 9112 section 6.1: both fields, or Transfer-Encoding in HTTP/1.0, are to be handled as an "
     "attack or a fault. Ferrule refuses; haproxy serves and then closes, which is allowed too."),
]
