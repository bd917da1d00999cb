/* SPDX-License-Identifier: GPL-2.0-or-later */
/* print_json.c: the values of a result as JSON. What is unknown is null, never zero. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/print.h"

json_t *json_number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_i64(int64_t value)
{
	return value == STORE_NULL ? json_null() : json_integer(value);
}

json_t *json_flag(int64_t value)
{
	return value == STORE_NULL ? json_null() : json_boolean(value);
}

json_t *json_figure(struct figure figure, const char *unit)
{
	return json_pack("{so so so ss}", "value", json_number(figure.value), "low", json_number(figure.low), "high",
			 json_number(figure.high), "unit", unit);
}

/* For text that is no UTF-8: every byte above 127 is replaced, as one cannot know which of them belong together. */
static json_t *replaced(const char *text)
{
	char out[1024];
	size_t used = 0;

	for (; *text && used + 4 <= sizeof out; text++) {
		bool plain = (unsigned char)*text < 0x80;

		memcpy(out + used, plain ? text : "\xef\xbf\xbd", plain ? 1 : 3);
		used += plain ? 1 : 3;
	}
	return json_stringn(out, used);
}

json_t *json_text(const char *text)
{
	json_t *string;

	if (!text)
		return json_null();
	string = json_string(text);
	return string ? string : replaced(text);
}

json_t *json_warnings(const struct warning_row *warnings, size_t warnings_n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < warnings_n; i++)
		json_array_append_new(list, json_pack("{so so}", "code", json_text(warnings[i].code), "text",
						      json_text(warnings[i].text)));
	return list;
}

int json_print(json_t *object)
{
	if (!object)
		return fail(-ENOMEM, "out of memory while printing JSON");
	json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
	putchar('\n');
	json_decref(object);
	return 0;
}

void print_warnings(const struct cli *cli, const struct warning_row *warnings, size_t warnings_n)
{
	for (size_t i = 0; i < warnings_n && !cli->quiet; i++)
		printf("warning: %s: %s\n", warnings[i].code, warnings[i].text);
}
