/* Function pointers: plain, by a name, with a function pointer as parameter, variadic; and in a parameter and a result. */
struct corpus_point;
typedef void (*corpus_handler)(int, struct corpus_point *);

struct corpus_action {
	corpus_handler handle;
	int (*compare)(const void *, const void *);
	corpus_handler (*set)(int, corpus_handler);
	int (*print)(const char *, ...);
	unsigned long mask;
};

corpus_handler corpus_signal(int number, corpus_handler handle);
