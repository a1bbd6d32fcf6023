/* Options that plan and apply share: a plan made with them is applied with the same. */
#ifndef LITEFORM_CLI_SCOPE_H
#define LITEFORM_CLI_SCOPE_H

#define SCOPE_OPTIONS                                                                              \
    {"only", 0, true, "GLOB",                                                                      \
        "only these addresses (model/claude-*), or kinds (team); may repeat"},                     \
        {"skip", 0, true, "GLOB", "all but these; may repeat"},                                    \
        {"rewrite-secrets", 0, false, NULL, "write secrets again that cannot be compared"},        \
        TRUST_OPTION
#define TRUST_OPTION                                                                               \
    {                                                                                              \
        "trust-spec", 0, false, NULL,                                                              \
            "with CI set: take commands, files and new targets of the spec; after review only"     \
    }

#endif
