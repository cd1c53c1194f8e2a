/* Tags are a name space of their own: a typedef of the same name may be another type. */
typedef int corpus_a;
struct corpus_a {
	long a;
};
int corpus_takes(corpus_a x, struct corpus_a *p, struct corpus_a by);

typedef long corpus_en;
enum corpus_en { CORPUS_E0, CORPUS_E1 };
int corpus_enums(corpus_en, enum corpus_en);

struct corpus_bar {
	long y;
};
typedef struct corpus_bar corpus_foo;
struct corpus_foo {
	int x;
};
int corpus_points(corpus_foo *p, struct corpus_foo *q);
struct corpus_has {
	struct corpus_deep {
		int (*call)(corpus_a);
	} *deep;
};

/* Declared in a list of parameters only. */
typedef int corpus_scope;
int corpus_scoped(corpus_scope, struct corpus_scope *);

/* The same type by both names. */
typedef struct corpus_same {
	int a;
} corpus_same;
typedef struct corpus_later corpus_later;
struct corpus_later {
	int a;
	corpus_later *next;
};
int corpus_same_call(corpus_same *a, struct corpus_same *b, corpus_later c, struct corpus_later d);
