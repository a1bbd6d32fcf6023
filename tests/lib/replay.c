/* The main of a fuzz target where there is no libFuzzer: runs the target once on every file of the
   folders and files it is given, on nothing at all, and on every file cut short, since a decoder's
   usual fault is to read past an end that came too early. Prints TAP; a fault ends the program. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS = 16 };

static unsigned count;

/* Each run gets its own exact allocation, so that the sanitizer sees one byte too far. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat st;
    uint8_t *data;
    size_t size;

    if (!file || fstat(fileno(file), &st) != 0) {
        printf("Bail out! %s cannot be read\n", path);
        exit(1);
    }
    data = malloc((size_t)st.st_size + 1);
    if (!data)
        abort();
    size = fread(data, 1, (size_t)st.st_size, file);
    fclose(file);

    printf("# %s\n", path);
    fflush(stdout);
    run(data, size);
    for (size_t i = 1; i < CUTS; i++)
        run(data, size * i / CUTS);
    free(data);
    printf("ok %u - %s\n", ++count, path);
}

static void replay_folder(const char *path)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);

    for (int i = 0; i < n; i++) {
        char *inner = NULL;

        if (names[i]->d_name[0] != '.' && asprintf(&inner, "%s/%s", path, names[i]->d_name) > 0)
            replay_file(inner);
        free(inner);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

int main(int argc, char **argv)
{
    struct stat st;

    run(NULL, 0);
    printf("ok %u - the empty input\n", ++count);
    for (int i = 1; i < argc; i++) {
        if (stat(argv[i], &st) != 0)
            continue; /* a target without a corpus yet */
        if (S_ISDIR(st.st_mode))
            replay_folder(argv[i]);
        else
            replay_file(argv[i]);
    }
    printf("1..%u\n", count);
    return 0;
}
