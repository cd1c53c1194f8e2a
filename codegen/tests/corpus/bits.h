/* Bit-fields: alone, beside others, in a struct that they align, with padding, and with both byte orders. */
struct corpus_bits {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	unsigned char version : 4, length : 4;
#else
	unsigned char length : 4, version : 4;
#endif
	unsigned char service;
	unsigned short total;
	unsigned wide : 20, : 4, last : 8;
	unsigned long long behind;
};

struct corpus_mode {
	unsigned read : 1;
	unsigned write : 1;
};
