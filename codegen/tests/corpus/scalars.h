/* Every scalar type that Rust has, and `long double`, which it has not. */
struct corpus_scalars {
	_Bool flag;
	double real;
	char letter;
	float small;
	signed char tiny;
	long long wide;
	unsigned char byte;
	unsigned long word;
	short half;
	void *pointer;
};

double corpus_scale(_Bool up, float by);

struct corpus_long_double {
	int before;
	long double real;
};

long double corpus_root(long double of);

struct corpus_complex {
	_Complex double both;
};
