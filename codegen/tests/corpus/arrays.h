/* Arrays of arrays, of records and of pointers. */
struct corpus_pair {
	unsigned char a;
	unsigned b;
};

struct corpus_grid {
	char cells[3][5];
	unsigned short cube[2][3][4];
	struct corpus_pair pairs[2];
	const char *names[2];
};
