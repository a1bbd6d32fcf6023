/*
 * Secrets that AWS keeps: the references secretsmanager:ID[#KEY] and ssm:NAME.
 *
 * Secrets Manager is asked for up to 20 secrets at a time (BatchGetSecretValue), and for one by one
 * where that action is not allowed; a secret of which several keys are wanted is read once. The
 * parameter store is asked for up to 10 at a time, decrypted. Region: the one of an ARN; else what
 * AWS_REGION, AWS_DEFAULT_REGION and the profile say; else `fallback_region`.
 *
 * Needed: secretsmanager:GetSecretValue (and BatchGetSecretValue to be quick), ssm:GetParameters,
 * kms:Decrypt for keys of one's own.
 */
#ifndef LITEFORM_CLIENT_AWS_SECRETS_H
#define LITEFORM_CLIENT_AWS_SECRETS_H

#include "client/aws.h"
#include "client/secret.h"

struct aws_secrets;

/** `aws` lives longer; `fallback_region` may be NULL. */
struct aws_secrets *aws_secrets_new(struct aws *aws, const char *fallback_region);
/** After the secrets that it was attached to. */
struct aws_secrets *aws_secrets_free(struct aws_secrets *source);
/** Both forms are read here from now on. Nothing is asked until a value is. */
void aws_secrets_attach(struct aws_secrets *source, struct secrets *secrets);

#endif
