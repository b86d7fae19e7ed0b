/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tables of keys as a JSON schema, for editors and Ansible.  What it cannot say (bounds of
 * sizes, names that are there twice, parameters of policies) it allows. */

#include <stdlib.h>
#include <string.h>

#include "balloond/ctl/describe.h"
#include "balloond/io/config-entries.h"
#include "balloond/io/util.h"

/* Spellings as regular expressions; core/value.c reads them.  0 needs no unit. */
#define NUMBER "[0-9]+(\\.[0-9]{1,6})? *"
#define ZERO "0+(\\.0{1,6})?"
#define BYTES NUMBER "([KMGT](iB)?|B)"
#define SHARE NUMBER "%"
#define TIME NUMBER "(us|ms|s|min|h|d)"
#define SIZE "(" BYTES "|" ZERO ")"
#define RATE SIZE "/s"
#define POLICY "^[a-z][a-z0-9-]{0,31}$"
#define URI "(qemu|lxc|xen|vz|test)(\\+unix)?:///[^ \\t\\r\\n#]*"
#define PATTERN_MAX 512u

/* Adds value to object, both of which may be NULL for want of memory; so is what is returned. */
static json_t *put(json_t *object, const char *key, json_t *value)
{
	if (!object) {
		json_decref(value);
		return NULL;
	}
	if (json_object_set_new(object, key, value) == 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *append(json_t *array, json_t *value)
{
	if (!array) {
		json_decref(value);
		return NULL;
	}
	if (json_array_append_new(array, value) == 0)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *of_type(const char *type)
{
	return put(json_object(), "type", json_string(type));
}

static json_t *or_null(const char *type)
{
	return put(json_object(), "type",
		   append(append(json_array(), json_string(type)), json_string("null")));
}

static json_t *any_of(json_t *one, json_t *other)
{
	return put(json_object(), "anyOf", append(append(json_array(), one), other));
}

static json_t *matching(const char *pattern)
{
	return put(of_type("string"), "pattern", json_string(pattern));
}

/* item twice: nobody else has it. */
static json_t *one_or_list(json_t *item, json_t *twin, int at_least, int at_most)
{
	json_t *list = put(of_type("array"), "items", twin);

	if (at_least > 0)
		list = put(list, "minItems", json_integer(at_least));
	return any_of(item, put(list, "maxItems", json_integer(at_most)));
}

/* YAML's plain scalars become numbers and truths where balloond reads texts. */
static json_t *text_upto(int length)
{
	json_t *types = append(append(append(json_array(), json_string("string")),
				      json_string("number")),
			       json_string("boolean"));
	json_t *text = put(json_object(), "type", types);

	return put(put(text, "minLength", json_integer(1)), "maxLength", json_integer(length));
}

/* A word is a truth where YAML makes it one. */
static json_t *word_value(const char *word)
{
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
		return json_boolean(*word == 't');
	return json_string(word);
}

static json_t *one_of_words(const struct key *key)
{
	json_t *words = json_array();

	for (size_t i = 0; key->words[i]; i++)
		words = append(words, word_value(key->words[i]));
	return put(json_object(), "enum", words);
}

/* A value in one of its spellings, its word, or 0 where that is within its bounds. */
static json_t *spelled(const struct key *key, const char *spelling)
{
	char pattern[PATTERN_MAX];
	bool has_zero = key->low && *key->low == '0';

	(void)snprintf(pattern, sizeof(pattern), "^(%s%s%s%s%s)$", key->word ? key->word : "",
		       key->word ? "|" : "", spelling, has_zero ? "|" : "", has_zero ? ZERO : "");
	if (!has_zero)
		return matching(pattern);
	return any_of(matching(pattern), put(json_object(), "const", json_integer(0)));
}

static json_t *integer(const struct key *key)
{
	json_t *schema = put(of_type("integer"), "minimum", json_integer(atoi(key->low)));

	return put(schema, "maximum", json_integer(atoi(key->high)));
}

static json_t *uris(void)
{
	return one_or_list(matching("^(auto|" URI ")$"), matching("^" URI "$"), 1, CONFIG_MAX_URIS);
}

static json_t *amount(const struct key *key)
{
	if (!key->low)
		return spelled(key, SHARE);
	return spelled(key, key->low_share ? BYTES "|" SHARE : BYTES);
}

static json_t *scalar(const struct key *key)
{
	static const char range[] = "^([<>]=? *" SIZE "|" SIZE " *\\.\\. *" SIZE ")$";

	switch (key->type->kind) {
	case KEY_BOOL:
		return of_type("boolean");
	case KEY_INTEGER:
		return integer(key);
	case KEY_TIME:
		return spelled(key, TIME);
	case KEY_RATE:
		return spelled(key, RATE);
	case KEY_AMOUNT:
		return amount(key);
	case KEY_WORD:
		return one_of_words(key);
	case KEY_WORDS:
		return one_or_list(one_of_words(key), one_of_words(key), 0, 100);
	case KEY_NAME:
		return text_upto(63);
	case KEY_URIS:
		return uris();
	case KEY_PATTERNS:
		return one_or_list(text_upto(255), text_upto(255), 1, CONFIG_MAX_PATTERNS);
	case KEY_SIZES:
		return one_or_list(matching(range), matching(range), 1, CONFIG_MAX_PATTERNS);
	case KEY_POLICY:
		return matching(POLICY);
	case KEY_POLICIES:
		return one_or_list(matching(POLICY), matching(POLICY), 0, CONFIG_MAX_POLICIES);
	case KEY_PARAMS:
		return or_null("object");
	case KEY_WHEN:
	case KEY_SECTION:
	case KEY_MAPPING:
	case KEY_MAPPINGS:
	case KEY_ENTRIES:
	case KEY_TEXT:
	case KEY_LIST:
	case KEY_OTHER:
		break;
	}
	return NULL;
}

/* As it would be after reading. */
static json_t *default_value(const struct key *key)
{
	const char *text = key->fallback;

	if (strcmp(text, "[]") == 0)
		return json_array();
	if (key->type->kind == KEY_INTEGER)
		return json_integer(atoi(text));
	return word_value(text);
}

static json_t *describe_key(const struct key *key);

static json_t *properties_of(const struct key *keys)
{
	json_t *properties = json_object();

	for (; keys->name; keys++)
		properties = put(properties, keys->name, describe_key(keys));
	return properties;
}

/* A mapping of exactly these. */
static json_t *closed(json_t *mapping, json_t *properties)
{
	return put(put(mapping, "properties", properties), "additionalProperties", json_false());
}

static json_t *filled(const struct key *keys)
{
	json_t *mapping = closed(of_type("object"), properties_of(keys));

	return put(mapping, "minProperties", json_integer(1));
}

/* A disabled entry needs its name alone. */
static json_t *entry(const struct key *keys)
{
	json_t *mapping = closed(of_type("object"), properties_of(keys));
	json_t *disabled = json_pack("{s:{s:{s:b}}, s:[s]}", "properties", "disabled", "const", 1,
				     "required", "disabled");
	json_t *required = json_array();

	for (; keys->name; keys++)
		if (keys->required)
			required = append(required, json_string(keys->name));
	mapping = put(mapping, "if", disabled);
	mapping = put(mapping, "then", json_pack("{s:[s]}", "required", "name"));
	return put(mapping, "else", put(json_object(), "required", required));
}

static json_t *metric(const struct metric_row *row)
{
	static const char *const spellings[] = {
		[METRIC_BYTES] = SIZE,
		[METRIC_RATE] = RATE,
		[METRIC_PER_TIME] = "[0-9]+ */s",
		[METRIC_SHARE] = SHARE "|" ZERO,
		[METRIC_TIME] = TIME "|" ZERO,
		[METRIC_LEVEL] = "normal|tight|low|critical",
	};
	char pattern[PATTERN_MAX], help[PATTERN_MAX];

	(void)snprintf(pattern, sizeof(pattern), "^[<>] *(%s%s)$", spellings[row->kind],
		       row->base ? "|" SHARE : "");
	(void)snprintf(help, sizeof(help), "%s%s%s", row->help,
		       row->base ? "; a percentage is of " : "", row->base ? row->base : "");
	return put(matching(pattern), "description", json_string(help));
}

/* Without a metric there is no condition. */
static json_t *when(const struct key *keys)
{
	json_t *properties = properties_of(keys), *schema;

	for (enum metric m = 0; m < METRIC_MAX; m++)
		properties = put(properties, metric_row(m)->name, metric(metric_row(m)));
	schema = closed(or_null("object"), properties);
	schema = put(schema, "if", json_pack("{s:[s]}", "required", keys->name));
	schema = put(schema, "then", json_pack("{s:i}", "minProperties", 2));
	return put(schema, "else", json_pack("{s:i}", "minProperties", 1));
}

/* The definition of that name. */
static json_t *defined(const struct key *key)
{
	char path[PATTERN_MAX];

	(void)snprintf(path, sizeof(path), "#/definitions/%s", key->name);
	return put(json_object(), "$ref", json_string(path));
}

static json_t *collection(const struct key *key)
{
	json_t *schema;

	if (key->type->kind == KEY_SECTION)
		return closed(or_null("object"), properties_of(key->keys));
	if (key->type->kind == KEY_WHEN)
		return when(key->keys);
	/* match: is there twice; beside a reference draft 7 reads nothing else. */
	if (key->type->kind == KEY_MAPPING)
		return put(json_object(), "allOf", append(json_array(), defined(key)));
	if (key->type->kind == KEY_MAPPINGS)
		return one_or_list(defined(key), defined(key), 1, CONFIG_MAX_PATTERNS);
	schema = put(or_null("array"), "items", entry(key->keys));
	return put(schema, "maxItems", json_integer(CONFIG_MAX_ENTRIES));
}

/* Recursion is as deep as the tables are. */
static json_t *describe_key(const struct key *key)
{
	bool is_collection = key->keys != NULL;
	json_t *schema = is_collection ? collection(key) : scalar(key);

	schema = put(schema, "description", json_string(key->help));
	return key->fallback ? put(schema, "default", default_value(key)) : schema;
}

/* Mappings are told apart by the name of their key. */
static json_t *definitions(const struct key *keys, json_t *into)
{
	for (; keys->name; keys++) {
		bool is_mapping = keys->type->kind == KEY_MAPPING ||
				  keys->type->kind == KEY_MAPPINGS;

		if (is_mapping)
			into = put(into, keys->name, filled(keys->keys));
		if (keys->keys)
			into = definitions(keys->keys, into);
	}
	return into;
}

json_t *describe_schema(void)
{
	json_t *schema = json_object();

	schema = put(schema, "$schema", json_string("http://json-schema.org/draft-07/schema#"));
	schema = put(schema, "$comment", json_string("SPDX-License-Identifier: LGPL-2.1-or-later"));
	schema = put(schema, "title", json_string("balloond.yaml"));
	schema = put(schema, "description",
		     json_string("Configuration of balloond: the main file or a drop-in, "
				 "balloond.yaml(5)"));
	schema = put(schema, "type", json_string("object"));
	schema = put(schema, "definitions", definitions(config_keys, json_object()));
	return closed(schema, properties_of(config_keys));
}
