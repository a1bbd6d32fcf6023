"""A stand-in of the AWS services that liteform speaks to: S3, STS, IMDS, container credentials, Secrets Manager, SSM."""
