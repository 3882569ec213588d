#ifndef CLI_JSON_H
#define CLI_JSON_H
/* JSON to standard output, one object a line. Begin with {0}; inside an array the key is NULL. */

#include <stdbool.h>
#include <stdint.h>

typedef struct cli_json { bool filled; } cli_json;  /* filled: the next member needs a comma */

void json_open(cli_json *j, const char *key, char bracket);  /* '{' or '[' */
void json_close(cli_json *j, char bracket);
void json_end(cli_json *j);  /* closes the outermost object, ends the line and sends it */
/* Bytes that are no UTF-8 become U+FFFD. */
void json_text(cli_json *j, const char *key, const char *text);
void json_int(cli_json *j, const char *key, int64_t v);
void json_double(cli_json *j, const char *key, double v);  /* fewest digits that read back the same; not finite: null */
void json_bool(cli_json *j, const char *key, bool v);

#endif
