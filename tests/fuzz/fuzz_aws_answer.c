/* room: client */
#include "base/text.h"
#include "client/aws_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What comes from outside besides JSON: the XML of STS, errors of services, a command line. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP_ARENA struct arena *arena = arena_new();
    const char *text = arena_strndup(arena, (const char *)data, size);
    const char *found = aws_xml_text(arena, text, size, "SecretAccessKey");
    struct aws_error error = aws_error_read(arena, text, size);

    if (found != NULL && strlen(found) > size)
        abort();
    if (strlen(error.code) > 300 || strlen(error.message) > 300)
        abort();
    if (aws_error_is_throttle(&error) &&
        (aws_error_is_expired(&error) || aws_error_is_clock(&error)))
        abort();
    const char **words = aws_split(arena, text);
    if (words != NULL && (words[0] == NULL || *words[0] == '\0'))
        abort();
    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        if (strlen(words[i]) > size)
            abort();
    }
    return 0;
}
