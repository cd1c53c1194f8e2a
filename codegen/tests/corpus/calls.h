/* Functions that Rust's text would call wrongly; and names that are types of Rust's. */
int corpus_unknown();
void (*corpus_handler(int, void (*)(int)))(int);
struct corpus_returns {
	int (*(*get)(void))(char);
};
#ifdef __i386__
int __attribute__((regparm(3))) corpus_convention(int);
#else
int __attribute__((ms_abi)) corpus_convention(int);
#endif
struct corpus_conventions {
#ifdef __i386__
	int (__attribute__((stdcall)) *call[2])(int);
#else
	int (__attribute__((ms_abi)) *call[2])(int);
#endif
};
struct Option {
	int c;
};
/* C passes a transparent union as its first member. */
typedef union {
	const struct Option *a;
	const char *b;
} __attribute__((__transparent_union__)) corpus_any;
#define corpus_transparent __attribute__((transparent_union))
union corpus_transparent corpus_macro_any {
	int *a;
	char *b;
};
int corpus_connect(int fd, corpus_any address, unsigned len);
int corpus_connect_macro(union corpus_macro_any address);
struct corpus_connects {
	int (*connect)(corpus_any address);
};
