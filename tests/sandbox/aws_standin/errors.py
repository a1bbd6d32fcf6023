"""Errors as the services write them: S3's XML, STS's XML, the JSON of Secrets Manager and SSM."""
import json
from xml.sax.saxutils import escape

from .http1 import Response

# code: status, message. What S3 says by itself; a caller may give another message.
S3 = {
    "AccessDenied": (403, "Access Denied"),
    "AuthorizationHeaderMalformed": (400, "The authorization header that you provided is not valid."),
    "BadDigest": (400, "The Content-MD5 you specified did not match what we received."),
    "BucketAlreadyExists": (409, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
                                 "Please select a different name and try again."),
    "BucketAlreadyOwnedByYou": (409, "Your previous request to create the named bucket succeeded and you already own it."),
    "BucketNotEmpty": (409, "The bucket you tried to delete is not empty"),
    "ConditionalRequestConflict": (409, "The conditional request cannot succeed due to a conflicting operation against this resource."),
    "OperationAborted": (409, "A conflicting conditional operation is currently in progress against this resource. Please try again."),
    "EntityTooLarge": (400, "Your proposed upload exceeds the maximum allowed size"),
    "ExpiredToken": (400, "The provided token has expired."),
    "IllegalLocationConstraintException": (400, "The location constraint is incompatible for the region specific endpoint this request was sent to."),
    "IncompleteBody": (400, "The request body terminated unexpectedly"),
    "InternalError": (500, "We encountered an internal error. Please try again."),
    "InvalidAccessKeyId": (403, "The AWS Access Key Id you provided does not exist in our records."),
    "InvalidArgument": (400, "Invalid Argument"),
    "InvalidBucketName": (400, "The specified bucket is not valid."),
    "InvalidDigest": (400, "The Content-MD5 you specified was invalid."),
    "InvalidRange": (416, "The requested range is not satisfiable"),
    "InvalidRequest": (400, "Invalid Request"),
    "InvalidToken": (400, "The provided token is malformed or otherwise invalid."),
    "KMS.DisabledException": (400, "The key is disabled."),
    "KMS.NotFoundException": (400, "Invalid keyId"),
    "KeyTooLongError": (400, "Your key is too long"),
    "MalformedXML": (400, "The XML you provided was not well-formed or did not validate against our published schema"),
    "MetadataTooLarge": (400, "Your metadata headers exceed the maximum allowed metadata size"),
    "MethodNotAllowed": (405, "The specified method is not allowed against this resource."),
    "MissingContentLength": (411, "You must provide the Content-Length HTTP header."),
    "NoSuchBucket": (404, "The specified bucket does not exist"),
    "NoSuchKey": (404, "The specified key does not exist."),
    "NoSuchVersion": (404, "The specified version does not exist."),
    "NotImplemented": (501, "A header you provided implies functionality that is not implemented"),
    "PermanentRedirect": (301, "The bucket you are attempting to access must be addressed using the specified endpoint. "
                               "Please send all future requests to this endpoint."),
    "PreconditionFailed": (412, "At least one of the pre-conditions you specified did not hold"),
    "RequestTimeTooSkewed": (403, "The difference between the request time and the current time is too large."),
    "RequestTimeout": (400, "Your socket connection to the server was not read from or written to within the timeout period. "
                            "Idle connections will be closed."),
    "ServiceUnavailable": (503, "Service is unable to handle request."),
    "SignatureDoesNotMatch": (403, "The request signature we calculated does not match the signature you provided. Check your key and signing method."),
    "SlowDown": (503, "Please reduce your request rate."),
    "TemporaryRedirect": (307, "Please re-send this request to the specified temporary endpoint. Continue to use the original request endpoint for "
                               "future requests."),
    "XAmzContentSHA256Mismatch": (400, "The provided 'x-amz-content-sha256' header does not match what was computed."),
}

# codes of the other services: status, message
STS = {
    "AccessDenied": (403, "Access denied"),
    "ExpiredToken": (403, "The security token included in the request is expired"),
    "ExpiredTokenException": (400, "Token expired"),
    "IDPCommunicationError": (400, "The identity provider could not be reached"),
    "InternalFailure": (500, "The request processing has failed because of an unknown error, exception or failure."),
    "InvalidAction": (400, "Could not find operation for version 2011-06-15"),
    "InvalidClientTokenId": (403, "The security token included in the request is invalid."),
    "InvalidIdentityToken": (400, "The web identity token that was passed could not be validated."),
    "MissingAuthenticationToken": (403, "Request is missing Authentication Token"),
    "RegionDisabledException": (403, "STS is not activated in this region for account."),
    "SignatureDoesNotMatch": (403, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
                                   "signing method. Consult the service documentation for details."),
    "Throttling": (400, "Rate exceeded"),
    "ValidationError": (400, "1 validation error detected"),
}
JSON = {
    "AccessDeniedException": (400, "User is not authorized"),
    "DecryptionFailure": (400, "Secrets Manager can't decrypt the protected secret text using the provided KMS key."),
    "ExpiredTokenException": (400, "The security token included in the request is expired"),
    "IncompleteSignatureException": (400, "Authorization header is not complete"),
    "InternalServiceError": (500, "An error occurred on the server side."),
    "InternalServerError": (500, "An error occurred on the server side."),
    "InvalidKeyId": (400, "The query key ID isn't valid."),
    "InvalidParameterException": (400, "The parameter name or value is invalid."),
    "InvalidRequestException": (400, "A parameter value is not valid for the current state of the resource."),
    "InvalidSignatureException": (400, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
                                       "signing method. Consult the service documentation for details."),
    "MissingAuthenticationTokenException": (400, "Missing Authentication Token"),
    "ParameterNotFound": (400, None),
    "ResourceExistsException": (400, "The operation failed because the secret already exists."),
    "ResourceNotFoundException": (400, "Secrets Manager can't find the specified secret."),
    "SerializationException": (400, None),
    "ThrottlingException": (400, "Rate exceeded"),
    "UnknownOperationException": (400, None),
    "UnrecognizedClientException": (400, "The security token included in the request is invalid."),
    "ValidationException": (400, "1 validation error detected"),
}


class Error(Exception):
    """An error of a service; `extra` are further elements of the answer, `headers` further headers."""

    def __init__(self, code, message=None, status=None, headers=None, **extra):
        super().__init__(code)
        self.code, self.message, self.status, self.headers, self.extra = code, message, status, headers or {}, extra


def element(name, value):
    return "<%s>%s</%s>" % (name, escape(str(value)), name)


def s3(error, request_id, host_id):
    status, message = S3.get(error.code, (error.status or 400, error.code))
    text = ['<?xml version="1.0" encoding="UTF-8"?>\n<Error>', element("Code", error.code), element("Message", error.message or message)]
    text += [element(name.replace("_", "-"), value) for name, value in error.extra.items() if value is not None]
    text += [element("RequestId", request_id), element("HostId", host_id), "</Error>"]
    headers = {"Content-Type": "application/xml", **error.headers}
    return Response(error.status or status, "".join(text).encode(), headers, error.code)


def sts(error, request_id):
    status, message = STS.get(error.code, (error.status or 400, error.code))
    status = error.status or status
    text = ('<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <Error>\n    <Type>%s</Type>\n    %s\n    %s\n  </Error>\n  %s\n</ErrorResponse>\n'
            % ("Receiver" if status >= 500 else "Sender", element("Code", error.code), element("Message", error.message or message),
               element("RequestId", request_id)))
    return Response(status, text.encode(), {"Content-Type": "text/xml", **error.headers}, error.code)


def json_service(error, service):
    status, message = JSON.get(error.code, (error.status or 400, error.code))
    body = {"__type": error.code}
    text = error.message or message
    if text:
        body["Message" if service == "secretsmanager" and error.code in ("ResourceNotFoundException", "AccessDeniedException") else "message"] = text
    return Response(error.status or status, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.1", **error.headers}, error.code)
