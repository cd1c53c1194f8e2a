/* Enums: their constants without a macro, negative ones, wide ones, one in a record. */
enum corpus_kind { CORPUS_NONE, CORPUS_ONE = 7, CORPUS_BIG = 0x7fffffff };
enum corpus_signed { CORPUS_MINUS = -3, CORPUS_PLUS = 3 };
enum corpus_high { CORPUS_HIGH = 0xfffffff0U };
typedef enum { CORPUS_A, CORPUS_B } corpus_letter;

struct corpus_kinds {
	enum corpus_kind kind;
	enum corpus_signed sign;
	corpus_letter letter;
};
