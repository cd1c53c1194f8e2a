/* Flexible array members, of bytes and of records. */
struct corpus_named {
	int wd;
	unsigned length;
	char name[];
};

struct corpus_range {
	unsigned long long from, to;
};

struct corpus_ranges {
	unsigned char count;
	struct corpus_range all[];
};
