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
