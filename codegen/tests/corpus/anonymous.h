/* Anonymous unions and structs, with and without a member's name. */
struct corpus_address {
	unsigned short family;
	union {
		unsigned char bytes[16];
		unsigned words[4];
	} u;
	union {
		unsigned scope;
		struct {
			unsigned short low, high;
		};
	};
	struct {
		unsigned long long when;
		char what;
	} tail;
};
