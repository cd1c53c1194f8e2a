/* A tag that is declared in a record has the scope of the file; and what a symbol leads to. */
typedef short c_int;
struct corpus_outer {
	struct corpus_inner {
		int x;
		char y;
	} inner;
	c_int z;
};
int corpus_narrow(int wide, c_int narrow);

struct corpus_flags {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	unsigned char high : 5, low : 3;
#else
	unsigned char low : 3, high : 5;
#endif
	int rest;
};
struct corpus_within {
	struct corpus_flags flags;
	int last;
};
int corpus_points(struct corpus_flags *flags);

/* Records behind a pointer, whose functions Rust's text would call wrongly. */
struct corpus_ops {
	struct corpus_ops *next;
	int (*root)(long double of);
};
int corpus_operate(struct corpus_ops *all);
int corpus_table(int (*(*all)[2])(long double of));
int corpus_long(long double *of);
int corpus_matrix(int n, int all[n][n]);
struct corpus_unnamed {
	struct {
		unsigned bit : 1;
	} *flags;
};

/* Padding that is a field in Rust: C passes the two numbers in two vector registers. */
struct corpus_apart {
	float a;
	float b __attribute__((aligned(8)));
};
struct corpus_holds_apart {
	struct corpus_apart a[1];
};
float corpus_pass(struct corpus_apart by);
struct corpus_passes {
	void (*call)(int, struct corpus_holds_apart);
};
float corpus_refer(struct corpus_apart *to);

/* Macros that replace a name, one of them by itself. */
int corpus_seek(int to);
int corpus_seek64(long long to);
#define corpus_seek corpus_seek64
struct corpus_stat {
	int size;
};
struct corpus_stat64 {
	long long size;
};
#define corpus_stat corpus_stat64
int corpus_self(int to);
#define corpus_self corpus_self
#define corpus_alias corpus_self

struct c_long;
int corpus_shadow(struct c_long *next, long value);
int vfork(void);
struct corpus_large {
	char bytes[1048577];
};
int size_of(int a);
struct corpus_gone {
	int a;
} __attribute__((unavailable));
/* What bindgen would evaluate. */
#define CORPUS_BY_ZERO (1 / 0)
