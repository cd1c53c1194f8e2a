/* Fields with the name that bindgen gives to the field of a record without fields. */
struct corpus_unused {
	unsigned short flags;
	unsigned long _unused[4];
	int last;
};
struct corpus_unused_outer {
	struct corpus_unused inside;
	int b;
};
union corpus_unused_only {
	int _unused;
};
struct corpus_undefined;
struct corpus_holder {
	struct corpus_undefined *next;
};
