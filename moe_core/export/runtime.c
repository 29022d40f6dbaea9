/* The MoEscope model on any device with a C99 compiler: one file, no dependencies but libc and libm.
 *
 *   cc -std=c99 -O3 -ffp-contract=off -o moescope runtime.c -lm      (add -march=native for AVX2 and F16C)
 *   ./moescope model.bin --prompt "Once upon a time"
 *
 * Words: D width, L layers, H heads, E experts, K experts per token, F width of a routed expert, S width of the
 * shared expert, V vocabulary. A part (embedding, attention, router, expert ...) has a format of its own; matrices
 * are kept as they lie in the file and widened to fp32 a few numbers at a time. All arithmetic is fp32 and is done
 * in one fixed order, with vector instructions or without, so that every device draws the same token.
 *
 * It ends with 0, or with 1 for a request it cannot understand, 2 for a file it cannot read or that is damaged,
 * 3 when memory runs out; and with one line on stderr.
 */
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BAD_REQUEST = 1, BAD_FILE = 2, NO_MEMORY = 3 };

static void fail(int code, const char *format, ...) {
    va_list arguments;
    fflush(stdout);
    fputs("moescope: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(code);
}

static void *room(size_t count, size_t size) { /* zeroed */
    void *memory = calloc(count ? count : 1, size);
    if (!memory) fail(NO_MEMORY, "no room for %lu numbers", (unsigned long)count);
    return memory;
}

/* ------------------------------------------------------------------------------------------------------------
 * Eight lanes: what the processor multiplies and adds at once.
 * Three ways to say the same thing; each rounds every product and every sum by itself (no fused multiply-add).
 */
static float fp16_to_fp32(uint16_t half) {
    const union { uint32_t bits; float number; } shift = {(254 - 15) << 23}; /* 2 ** 112 moves the exponent */
    union { uint32_t bits; float number; } widened;
    widened.bits = (uint32_t)(half & 0x7fff) << 13;
    widened.number *= shift.number;
    if ((half & 0x7c00) == 0x7c00) widened.bits |= 0x7f800000; /* infinity or no number */
    widened.bits |= (uint32_t)(half & 0x8000) << 16;
    return widened.number;
}

#if defined(__AVX2__) && defined(__F16C__) && !defined(MOESCOPE_PLAIN)
#include <immintrin.h>
#define LANES "AVX2"
typedef __m256 Lanes;
static inline Lanes zero(void) { return _mm256_setzero_ps(); }
static inline Lanes add(Lanes a, Lanes b) { return _mm256_add_ps(a, b); }
static inline Lanes multiply(Lanes a, Lanes b) { return _mm256_mul_ps(a, b); }
static inline Lanes all(float number) { return _mm256_set1_ps(number); }
static inline Lanes from_fp32(const float *from) { return _mm256_loadu_ps(from); }
static inline Lanes from_fp16(const uint16_t *from) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)from));
}
static inline Lanes from_bf16(const uint16_t *from) {
    __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
static inline Lanes from_int8(const int8_t *from) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from)));
}
static inline Lanes from_bits(const uint8_t *from, int shift, int mask, int offset) {
    __m256i wide = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from));
    __m256i code = _mm256_and_si256(_mm256_srli_epi32(wide, shift), _mm256_set1_epi32(mask));
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(code, _mm256_set1_epi32(offset)));
}
static inline void to_fp32(float *to, Lanes a) { _mm256_storeu_ps(to, a); }

#elif defined(__aarch64__) && !defined(MOESCOPE_PLAIN)
#include <arm_neon.h>
#define LANES "NEON"
typedef struct { float32x4_t low, high; } Lanes;
static inline Lanes two(float32x4_t low, float32x4_t high) { Lanes a; a.low = low; a.high = high; return a; }
static inline Lanes zero(void) { return two(vdupq_n_f32(0), vdupq_n_f32(0)); }
static inline Lanes add(Lanes a, Lanes b) { return two(vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)); }
static inline Lanes multiply(Lanes a, Lanes b) { return two(vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)); }
static inline Lanes all(float number) { return two(vdupq_n_f32(number), vdupq_n_f32(number)); }
static inline Lanes from_fp32(const float *from) { return two(vld1q_f32(from), vld1q_f32(from + 4)); }
static inline Lanes from_fp16(const uint16_t *from) {
    float16x8_t half = vreinterpretq_f16_u16(vld1q_u16(from));
    return two(vcvt_f32_f16(vget_low_f16(half)), vcvt_high_f32_f16(half));
}
static inline Lanes from_bf16(const uint16_t *from) {
    uint16x8_t half = vld1q_u16(from);
    return two(vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(half), 16)),
               vreinterpretq_f32_u32(vshll_high_n_u16(half, 16)));
}
static inline Lanes from_codes(int16x8_t wide) {
    return two(vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide))), vcvtq_f32_s32(vmovl_high_s16(wide)));
}
static inline Lanes from_int8(const int8_t *from) { return from_codes(vmovl_s8(vld1_s8(from))); }
static inline Lanes from_bits(const uint8_t *from, int shift, int mask, int offset) {
    uint8x8_t code = vand_u8(vshl_u8(vld1_u8(from), vdup_n_s8((int8_t)-shift)), vdup_n_u8((uint8_t)mask));
    return from_codes(vsubq_s16(vreinterpretq_s16_u16(vmovl_u8(code)), vdupq_n_s16((int16_t)offset)));
}
static inline void to_fp32(float *to, Lanes a) { vst1q_f32(to, a.low); vst1q_f32(to + 4, a.high); }

#else /* plain C; compilers turn these loops into what the processor has */
#define LANES "plain C"
typedef struct { float lane[8]; } Lanes;
#define EACH(number) do { Lanes a_; int i; for (i = 0; i < 8; i++) a_.lane[i] = (number); return a_; } while (0)
static inline Lanes zero(void) { EACH(0); }
static inline Lanes add(Lanes a, Lanes b) { EACH(a.lane[i] + b.lane[i]); }
static inline Lanes multiply(Lanes a, Lanes b) { EACH(a.lane[i] * b.lane[i]); }
static inline Lanes all(float number) { EACH(number); }
static inline Lanes from_fp32(const float *from) { EACH(from[i]); }
static inline Lanes from_fp16(const uint16_t *from) { EACH(fp16_to_fp32(from[i])); }
static inline float bf16_to_fp32(uint16_t half) {
    union { uint32_t bits; float number; } widened;
    widened.bits = (uint32_t)half << 16;
    return widened.number;
}
static inline Lanes from_bf16(const uint16_t *from) { EACH(bf16_to_fp32(from[i])); }
static inline Lanes from_int8(const int8_t *from) { EACH((float)from[i]); }
static inline Lanes from_bits(const uint8_t *from, int shift, int mask, int offset) {
    EACH((float)(((from[i] >> shift) & mask) - offset));
}
static inline void to_fp32(float *to, Lanes a) { memcpy(to, a.lane, sizeof a.lane); }
#endif

static inline float sum(Lanes a) { /* in pairs, the same pairs everywhere */
    float b[8];
    to_fp32(b, a);
    return ((b[0] + b[4]) + (b[2] + b[6])) + ((b[1] + b[5]) + (b[3] + b[7]));
}

/* ------------------------------------------------------------------------------------------------------------
 * A matrix in the format of its part. Rows are filled up to whole groups of 32; whole numbers share one fp16
 * scale a group. int4: the low halves of 16 bytes are numbers 0..15 of a group, the high halves 16..31;
 * int2: bits 2q and 2q + 1 of 8 bytes are its numbers 8q .. 8q + 7.
 */
enum { GROUP = 32 };
typedef enum { FP32, FP16, BF16, INT8, INT4, INT2, FORMATS } Format;
static const size_t GROUP_BYTES[FORMATS] = {128, 64, 64, 32, 16, 8};

typedef struct {
    Format format;
    int rows, columns;
    size_t groups;          /* in one row */
    const uint16_t *scales; /* rows x groups, for whole numbers */
    const uint8_t *numbers; /* rows x groups x GROUP_BYTES */
} Matrix;

static inline int padded(int count) { return (count + GROUP - 1) / GROUP * GROUP; }

/* Eight numbers of a group, from its place `at` (0, 8, 16 or 24) on, without the scale. */
static inline Lanes eight(Format format, const uint8_t *group, int at) {
    switch (format) {
    case FP32: return from_fp32((const float *)(const void *)group + at);
    case FP16: return from_fp16((const uint16_t *)(const void *)group + at);
    case BF16: return from_bf16((const uint16_t *)(const void *)group + at);
    case INT8: return from_int8((const int8_t *)group + at);
    case INT4: return from_bits(group + at % 16, at / 16 * 4, 15, 8);
    default:   return from_bits(group, at / 8 * 2, 3, 2);
    }
}

/* output = matrix x input; input is filled up with zeros to whole groups. Inlined once for every format. */
static inline void multiplied(Format format, const Matrix *matrix, const float *input, float *output) {
    const uint8_t *numbers = matrix->numbers;
    const uint16_t *scales = matrix->scales;
    int row, at;
    size_t group;
    for (row = 0; row < matrix->rows; row++) {
        Lanes total = zero();
        for (group = 0; group < matrix->groups; group++, numbers += GROUP_BYTES[format]) {
            Lanes part = zero();
            for (at = 0; at < GROUP; at += 8)
                part = add(part, multiply(eight(format, numbers, at), from_fp32(input + group * GROUP + at)));
            total = add(total, format < INT8 ? part : multiply(part, all(fp16_to_fp32(*scales++))));
        }
        output[row] = sum(total);
    }
}

static void multiply_matrix(const Matrix *matrix, const float *input, float *output) {
    switch (matrix->format) {
    case FP32: multiplied(FP32, matrix, input, output); break;
    case FP16: multiplied(FP16, matrix, input, output); break;
    case BF16: multiplied(BF16, matrix, input, output); break;
    case INT8: multiplied(INT8, matrix, input, output); break;
    case INT4: multiplied(INT4, matrix, input, output); break;
    default:   multiplied(INT2, matrix, input, output); break;
    }
}

static void copy_row(const Matrix *matrix, int row, float *output) {
    size_t group;
    for (group = 0; group < matrix->groups; group++) {
        size_t place = (size_t)row * matrix->groups + group;
        Lanes scale = all(matrix->format < INT8 ? 1 : fp16_to_fp32(matrix->scales[place]));
        int at;
        for (at = 0; at < GROUP; at += 8)
            to_fp32(output + group * GROUP + at, multiply(scale,
                    eight(matrix->format, matrix->numbers + place * GROUP_BYTES[matrix->format], at)));
    }
}

/* ------------------------------------------------------------------------------------------------------------
 * The file: a header, the vocabulary, the matrices in the order in which a token meets them.
 */
typedef struct { Matrix gate_up, down; } Expert;

typedef struct {
    const float *attention_norm, *moe_norm;
    Matrix query, key, value, output, router;
    Expert *experts, shared;
    float *keys, *values; /* positions x D: what was seen so far */
} Layer;

typedef struct { uint32_t left, right, whole, rank; } Merge; /* two neighbouring tokens become one; rank 0 first */

typedef struct {
    int vocabulary, width, layers, heads, experts, per_token, expert_width, shared_width, positions, end, first_byte, tied, merges;
    float epsilon, theta;
    const uint32_t *text_ends; /* V: where in `text` a token's bytes end */
    const char *text;
    const Merge *merge;        /* in the order of left, then right */
    Matrix embedding, head;
    Layer *layer;
    const float *norm;
} Model;

typedef struct { const uint8_t *start; size_t size, at; } File;

static const char DAMAGED[] = "the model file is damaged: ";

/* The next `size` bytes, from a place that is a multiple of 16. */
static const uint8_t *take(File *file, size_t count, size_t size) {
    size_t at = (file->at + 15) / 16 * 16;
    if (at > file->size || (size && count > (file->size - at) / size))
        fail(BAD_FILE, "%sit ends too early", DAMAGED);
    file->at = at + count * size;
    return file->start + at;
}

static Matrix take_matrix(File *file, int rows, int columns) {
    const uint32_t *said = (const uint32_t *)(const void *)take(file, 3, 4);
    Matrix matrix;
    if (said[0] >= FORMATS || said[1] != (uint32_t)rows || said[2] != (uint32_t)columns)
        fail(BAD_FILE, "%sa matrix of %d x %d was expected", DAMAGED, rows, columns);
    matrix.format = (Format)said[0];
    matrix.rows = rows;
    matrix.columns = columns;
    matrix.groups = (size_t)padded(columns) / GROUP;
    matrix.scales = matrix.format < INT8 ? NULL
        : (const uint16_t *)(const void *)take(file, (size_t)rows * matrix.groups, 2);
    matrix.numbers = take(file, (size_t)rows * matrix.groups, GROUP_BYTES[matrix.format]);
    return matrix;
}

static Expert take_expert(File *file, int width, int expert_width) {
    Expert expert;
    expert.gate_up = take_matrix(file, 2 * expert_width, width);
    expert.down = take_matrix(file, width, expert_width);
    return expert;
}

static const float *take_norm(File *file, int width) {
    return (const float *)(const void *)take(file, (size_t)width, 4);
}

static void take_layer(File *file, const Model *model, Layer *layer) {
    int width = model->width, expert;
    layer->attention_norm = take_norm(file, width);
    layer->query = take_matrix(file, width, width);
    layer->key = take_matrix(file, width, width);
    layer->value = take_matrix(file, width, width);
    layer->output = take_matrix(file, width, width);
    layer->moe_norm = take_norm(file, width);
    if (model->experts) {
        layer->router = take_matrix(file, model->experts, width);
        layer->experts = room((size_t)model->experts, sizeof(Expert));
        for (expert = 0; expert < model->experts; expert++)
            layer->experts[expert] = take_expert(file, width, model->expert_width);
    }
    if (model->shared_width) layer->shared = take_expert(file, width, model->shared_width);
}

static void take_vocabulary(File *file, Model *model) {
    uint32_t before = 0;
    int token, merge;
    model->text_ends = (const uint32_t *)(const void *)take(file, (size_t)model->vocabulary, 4);
    for (token = 0; token < model->vocabulary; before = model->text_ends[token++])
        if (model->text_ends[token] < before) fail(BAD_FILE, "%stoken %d has no text", DAMAGED, token);
    model->text = (const char *)take(file, before, 1);
    model->merge = (const Merge *)(const void *)take(file, (size_t)model->merges, sizeof(Merge));
    for (merge = 0; merge < model->merges; merge++)
        if (model->merge[merge].whole >= (uint32_t)model->vocabulary)
            fail(BAD_FILE, "%smerge %d makes an unknown token", DAMAGED, merge);
}

/* The same remainder as zlib's crc32: one flipped bit is noticed. */
static uint32_t checksum(const uint8_t *bytes, size_t count) {
    uint32_t table[256], remainder, bit, value;
    for (value = 0; value < 256; value++) {
        for (remainder = value, bit = 0; bit < 8; bit++)
            remainder = remainder >> 1 ^ (remainder & 1 ? 0xedb88320u : 0);
        table[value] = remainder;
    }
    for (remainder = 0xffffffffu; count--; bytes++)
        remainder = remainder >> 8 ^ table[(remainder ^ *bytes) & 255];
    return ~remainder;
}

/* One dial of the header, between two bounds that keep every product of dials within an int. */
static int dial(const uint32_t *dials, int place, const char *name, uint32_t lowest, uint32_t highest) {
    if (dials[place] < lowest || dials[place] > highest)
        fail(BAD_FILE, "%s%s must lie in %lu..%lu, got %lu", DAMAGED, name, (unsigned long)lowest,
             (unsigned long)highest, (unsigned long)dials[place]);
    return (int)dials[place];
}

static void take_header(File *file, Model *model) {
    enum { VERSION = 1, DIALS = 13 };
    const uint8_t *head = take(file, 20 + 4 * (DIALS + 2), 1);
    const uint32_t *words = (const uint32_t *)(const void *)head, *dials = words + 5;
    if (memcmp(head, "MOESCOPE", 8)) fail(BAD_FILE, "this is no MoEscope model file");
    if (words[2] != VERSION) fail(BAD_FILE, "the model file has version %lu, this program reads %d",
                                  (unsigned long)words[2], VERSION);
    if (words[3] != file->size) fail(BAD_FILE, "%s%lu bytes were expected, %lu are there", DAMAGED,
                                     (unsigned long)words[3], (unsigned long)file->size);
    if (words[4] != checksum(head + 20, file->size - 20)) fail(BAD_FILE, "%sits checksum is wrong", DAMAGED);
    model->vocabulary = dial(dials, 0, "vocabulary", 257, 1 << 20);
    model->width = dial(dials, 1, "width", 2, 1 << 13);
    model->layers = dial(dials, 2, "layers", 1, 1 << 10);
    model->heads = dial(dials, 3, "heads", 1, (uint32_t)model->width / 2);
    model->experts = dial(dials, 4, "experts", 0, 1 << 10);
    model->per_token = dial(dials, 5, "experts per token", model->experts ? 1 : 0, (uint32_t)model->experts);
    model->expert_width = dial(dials, 6, "expert width", model->experts ? 1 : 0, 1 << 15);
    model->shared_width = dial(dials, 7, "shared expert width", model->experts ? 0 : 1, 1 << 15);
    model->positions = dial(dials, 8, "positions", 2, 1 << 20);
    model->end = dial(dials, 9, "end", 0, (uint32_t)model->vocabulary - 1);
    model->first_byte = dial(dials, 10, "first byte", 0, (uint32_t)model->vocabulary - 256);
    model->tied = dial(dials, 11, "tied", 0, 1);
    model->merges = dial(dials, 12, "merges", 0, 1 << 20);
    memcpy(&model->epsilon, dials + DIALS, 4);
    memcpy(&model->theta, dials + DIALS + 1, 4);
    if (model->width % (2 * model->heads)) fail(BAD_FILE, "%sthe heads do not share the width", DAMAGED);
}

static Model take_model(File *file) {
    Model model;
    int layer;
    memset(&model, 0, sizeof model);
    take_header(file, &model);
    take_vocabulary(file, &model);
    model.embedding = take_matrix(file, model.vocabulary, model.width);
    model.layer = room((size_t)model.layers, sizeof(Layer));
    for (layer = 0; layer < model.layers; layer++) take_layer(file, &model, &model.layer[layer]);
    model.norm = take_norm(file, model.width);
    model.head = model.tied ? model.embedding : take_matrix(file, model.vocabulary, model.width);
    return model;
}

static File read_file(const char *path) {
    File file = {NULL, 0, 0};
    FILE *stream = fopen(path, "rb");
    uint8_t *bytes;
    long size;
    const uint16_t one = 1;
    if (!*(const uint8_t *)&one) fail(BAD_FILE, "model files are little-endian, this machine is not");
    if (!stream) fail(BAD_FILE, "cannot open %s", path);
    if (fseek(stream, 0, SEEK_END) || (size = ftell(stream)) < 0 || fseek(stream, 0, SEEK_SET))
        fail(BAD_FILE, "cannot read %s", path);
    bytes = room((size_t)size, 1); /* malloc's alignment is enough for any type */
    if (fread(bytes, 1, (size_t)size, stream) != (size_t)size) fail(BAD_FILE, "cannot read %s", path);
    fclose(stream);
    file.start = bytes;
    file.size = (size_t)size;
    return file;
}

/* ------------------------------------------------------------------------------------------------------------
 * One token through the model. exp, sin and cos are taken in double and then rounded: there all C libraries agree.
 */
typedef struct {
    float *stream, *normal, *query, *read, *gate_up, *activated, *out, *combined; /* of one token */
    float *scores, *router, *weights, *logits, *cosine, *sine, *frequencies;
    int *chosen; /* L x K: the experts of the token last fed, best first */
} State;

static float *floats(int count) { return room((size_t)padded(count), sizeof(float)); }

static State new_state(Model *model, int positions) {
    int half = model->width / model->heads / 2, i;
    int widest = model->expert_width > model->shared_width ? model->expert_width : model->shared_width;
    State state;
    state.stream = floats(model->width);
    state.normal = floats(model->width);
    state.query = floats(model->width);
    state.read = floats(model->width);
    state.out = floats(model->width);
    state.combined = floats(model->width);
    state.gate_up = floats(2 * widest);
    state.activated = floats(widest);
    state.scores = floats(positions);
    state.router = floats(model->experts);
    state.weights = floats(model->per_token);
    state.logits = floats(model->vocabulary);
    state.cosine = floats(half);
    state.sine = floats(half);
    state.frequencies = floats(half);
    for (i = 0; i < half; i++)
        state.frequencies[i] = (float)pow(model->theta, -(double)((float)i / (float)half));
    state.chosen = room((size_t)model->layers * (size_t)(model->per_token + 1), sizeof(int));
    for (i = 0; i < model->layers; i++) {
        model->layer[i].keys = room((size_t)positions, (size_t)model->width * sizeof(float));
        model->layer[i].values = room((size_t)positions, (size_t)model->width * sizeof(float));
    }
    return state;
}

static float dot(const float *a, const float *b, int count) {
    Lanes total = zero();
    float rest = 0;
    int i;
    for (i = 0; i + 8 <= count; i += 8) total = add(total, multiply(from_fp32(a + i), from_fp32(b + i)));
    for (; i < count; i++) rest += a[i] * b[i];
    return sum(total) + rest;
}

/* x / rms(x) x scale */
static void normalise(const Model *model, const float *input, const float *scale, float *output) {
    float factor = 1 / sqrtf(dot(input, input, model->width) / (float)model->width + model->epsilon);
    int i;
    for (i = 0; i < model->width; i++) output[i] = input[i] * factor * scale[i];
}

/* Turns each pair (i, i + half) of every head by the angle of its position. */
static void rotate(const Model *model, const State *state, float *heads) {
    int half = model->width / model->heads / 2, head, i;
    for (head = 0; head < model->heads; head++, heads += 2 * half)
        for (i = 0; i < half; i++) {
            float first = heads[i], second = heads[i + half];
            heads[i] = first * state->cosine[i] - second * state->sine[i];
            heads[i + half] = second * state->cosine[i] + first * state->sine[i];
        }
}

/* Scores become shares that sum to 1. */
static void softmax(float *scores, int count) {
    float highest = scores[0], total = 0;
    int i;
    for (i = 1; i < count; i++) if (scores[i] > highest) highest = scores[i];
    for (i = 0; i < count; i++) total += scores[i] = (float)exp((double)(scores[i] - highest));
    for (i = 0; i < count; i++) scores[i] /= total;
}

/* What one head reads: the values of all positions so far, each as much as its key answers the query. */
static void read_head(const Model *model, State *state, const Layer *layer, int head, int position) {
    int head_width = model->width / model->heads, first = head * head_width, seen, i;
    float scale = (float)sqrt(1.0 / head_width), *read = state->read + first;
    for (seen = 0; seen <= position; seen++)
        state->scores[seen] = scale * dot(state->query + first,
                                          layer->keys + (size_t)seen * (size_t)model->width + first, head_width);
    softmax(state->scores, position + 1);
    for (i = 0; i < head_width; i++) read[i] = 0;
    for (seen = 0; seen <= position; seen++) {
        const float *value = layer->values + (size_t)seen * (size_t)model->width + first, share = state->scores[seen];
        for (i = 0; i < head_width; i++) read[i] += share * value[i];
    }
}

static void attend(const Model *model, State *state, const Layer *layer, int position) {
    float *key = layer->keys + (size_t)position * (size_t)model->width;
    float *value = layer->values + (size_t)position * (size_t)model->width;
    int head;
    multiply_matrix(&layer->query, state->normal, state->query);
    multiply_matrix(&layer->key, state->normal, key);
    multiply_matrix(&layer->value, state->normal, value);
    rotate(model, state, state->query);
    rotate(model, state, key);
    for (head = 0; head < model->heads; head++) read_head(model, state, layer, head, position);
    multiply_matrix(&layer->output, state->read, state->out);
}

/* The K best-scoring experts, the lowest number first on a tie; a softmax over them gives their weights. */
static void choose(const Model *model, State *state, const Layer *layer, int *chosen) {
    int place, expert, other;
    multiply_matrix(&layer->router, state->normal, state->router);
    for (place = 0; place < model->per_token; place++) {
        int best = -1;
        for (expert = 0; expert < model->experts; expert++) {
            for (other = 0; other < place && chosen[other] != expert; other++) {}
            if (other == place && (best < 0 || state->router[expert] > state->router[best])) best = expert;
        }
        chosen[place] = best;
        state->weights[place] = state->router[best];
    }
    softmax(state->weights, model->per_token);
}

/* combined += weight x down (silu(gate x) * up x) */
static void add_expert(State *state, const Expert *expert, float weight) {
    int width = expert->down.columns, i;
    multiply_matrix(&expert->gate_up, state->normal, state->gate_up);
    for (i = 0; i < width; i++) {
        double gate = state->gate_up[i];
        state->activated[i] = (float)(gate / (1 + exp(-gate))) * state->gate_up[width + i];
    }
    for (; i < padded(width); i++) state->activated[i] = 0;
    multiply_matrix(&expert->down, state->activated, state->out);
    for (i = 0; i < expert->down.rows; i++) state->combined[i] += weight * state->out[i];
}

static void mix_experts(const Model *model, State *state, const Layer *layer, int *chosen) {
    int i;
    for (i = 0; i < model->width; i++) state->combined[i] = 0;
    if (model->experts) choose(model, state, layer, chosen);
    for (i = 0; i < model->per_token; i++) add_expert(state, &layer->experts[chosen[i]], state->weights[i]);
    if (model->shared_width) add_expert(state, &layer->shared, 1);
}

static void feed(const Model *model, State *state, int token, int position) {
    int half = model->width / model->heads / 2, i, l;
    for (i = 0; i < half; i++) {
        double angle = (float)position * state->frequencies[i];
        state->cosine[i] = (float)cos(angle);
        state->sine[i] = (float)sin(angle);
    }
    copy_row(&model->embedding, token, state->stream);
    for (l = 0; l < model->layers; l++) {
        const Layer *layer = &model->layer[l];
        normalise(model, state->stream, layer->attention_norm, state->normal);
        attend(model, state, layer, position);
        for (i = 0; i < model->width; i++) state->stream[i] += state->out[i];
        normalise(model, state->stream, layer->moe_norm, state->normal);
        mix_experts(model, state, layer, state->chosen + l * model->per_token);
        for (i = 0; i < model->width; i++) state->stream[i] += state->combined[i];
    }
}

/* What is expected after the token last fed: the part of the work that only some tokens need. */
static void expect(const Model *model, State *state) {
    normalise(model, state->stream, model->norm, state->normal);
    multiply_matrix(&model->head, state->normal, state->logits);
}

/* ------------------------------------------------------------------------------------------------------------
 * Text: characters become tokens, neighbouring tokens are joined by the merges, the best first.
 * Unlike the Python tokenizer it does not look for word borders, which only shows at an apostrophe that is a quote.
 */
static size_t text_of(const Model *model, int token, const char **text) {
    uint32_t start = token ? model->text_ends[token - 1] : 0;
    *text = model->text + start;
    return model->text_ends[token] - start;
}

static size_t character_length(const char *text) { /* in UTF-8 */
    size_t length = 1;
    while ((text[length] & 0xc0) == 0x80 && length < 4) length++;
    return (text[0] & 0xc0) == 0xc0 ? length : 1;
}

static int token_of(const Model *model, const char *character, size_t length) { /* -1: it has none */
    const char *text;
    int token;
    for (token = 0; token < model->vocabulary; token++)
        if ((token < model->first_byte || token >= model->first_byte + 256)
            && text_of(model, token, &text) == length && !memcmp(text, character, length)) return token;
    return -1;
}

static int by_pair(const void *a, const void *b) {
    const Merge *one = a, *other = b;
    if (one->left != other->left) return one->left < other->left ? -1 : 1;
    return one->right < other->right ? -1 : one->right > other->right;
}

static const Merge *merge_of(const Model *model, int left, int right) {
    Merge wanted = {0, 0, 0, 0};
    wanted.left = (uint32_t)left;
    wanted.right = (uint32_t)right;
    return bsearch(&wanted, model->merge, (size_t)model->merges, sizeof wanted, by_pair);
}

static int encode(const Model *model, const char *text, int *tokens) {
    int count = 0, at, best;
    while (*text) {
        size_t length = character_length(text), byte;
        int token = token_of(model, text, length);
        if (token >= 0) tokens[count++] = token;
        for (byte = 0; token < 0 && byte < length; byte++)
            tokens[count++] = model->first_byte + (uint8_t)text[byte];
        text += length;
    }
    for (;;) {
        const Merge *next = NULL;
        for (at = best = 0; at + 1 < count; at++) {
            const Merge *merge = merge_of(model, tokens[at], tokens[at + 1]);
            if (merge && (!next || merge->rank < next->rank)) next = merge, best = at;
        }
        if (!next) return count;
        tokens[best] = (int)next->whole;
        memmove(tokens + best + 1, tokens + best + 2, (size_t)(--count - best - 1) * sizeof *tokens);
    }
}

/* ------------------------------------------------------------------------------------------------------------
 * The request, and the run.
 */
typedef struct {
    const char *file, *prompt, *ids, *logits;
    int new_tokens, routes;
    double temperature;
    uint64_t seed;
} Request;

static const char USAGE[] =
    "usage: moescope MODEL.bin --prompt TEXT | --ids \"12 7 256\" [--tokens 60] [--temperature 0] [--seed 0]\n"
    "                [--routes] [--logits FILE]\n"
    "  --ids      token ids in, token ids out; --prompt: text in, text out\n"
    "  --routes   afterwards one line a token: its place, its id, and its experts in every layer, best first\n"
    "  --logits   writes the logits after every token, the prompt's too, as fp32\n";

static double number_of(const char *name, const char *text, double lowest, double highest) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !(number >= lowest && number <= highest))
        fail(BAD_REQUEST, "%s must lie in %.0f..%.0f, got %s", name, lowest, highest, text);
    return number;
}

static Request understood(int count, char **words) {
    Request request = {NULL, NULL, NULL, NULL, 60, 0, 0, 0};
    int at;
    for (at = 1; at < count; at++) {
        const char *word = words[at], *value = at + 1 < count ? words[at + 1] : NULL;
        if (word[0] != '-' && !request.file) { request.file = word; continue; }
        if (!strcmp(word, "--routes")) { request.routes = 1; continue; }
        if (!value) fail(BAD_REQUEST, "%s is unknown or lacks its value\n%s", word, USAGE);
        at++;
        if (!strcmp(word, "--prompt")) request.prompt = value;
        else if (!strcmp(word, "--ids")) request.ids = value;
        else if (!strcmp(word, "--logits")) request.logits = value;
        else if (!strcmp(word, "--tokens")) request.new_tokens = (int)number_of(word, value, 0, 1 << 20);
        else if (!strcmp(word, "--temperature")) request.temperature = number_of(word, value, 0, 100);
        else if (!strcmp(word, "--seed")) request.seed = (uint64_t)number_of(word, value, 0, 4294967295.0);
        else fail(BAD_REQUEST, "%s is unknown\n%s", word, USAGE);
    }
    if (!request.file || !request.prompt == !request.ids)
        fail(BAD_REQUEST, "give a model file, and either --prompt or --ids\n%s", USAGE);
    return request;
}

/* END, then the prompt. */
static int *prompt_of(const Model *model, const Request *request, int *count) {
    const char *from = request->prompt ? request->prompt : request->ids;
    int *tokens = room(strlen(from) + 2, sizeof(int));
    tokens[0] = model->end;
    *count = 1;
    if (request->prompt) *count += encode(model, from, tokens + 1);
    while (request->ids && *(from += strspn(from, " ,\n"))) {
        char *end;
        long token = strtol(from, &end, 10);
        if (end == from || token < 0 || token >= model->vocabulary)
            fail(BAD_REQUEST, "token ids must lie in 0..%d, got %.20s", model->vocabulary - 1, from);
        tokens[(*count)++] = (int)token;
        from = end;
    }
    if (*count > model->positions)
        fail(BAD_REQUEST, "a prompt may have %d tokens, got %d", model->positions - 1, *count - 1);
    return tokens;
}

static double chance(uint64_t *seed) { /* 0 <= . < 1, splitmix64 */
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

/* Temperature 0: the best token, the lowest id on a tie. */
static int drawn(const Model *model, float *logits, double temperature, uint64_t *seed) {
    int token, best = 0;
    double left;
    for (token = 1; token < model->vocabulary; token++) if (logits[token] > logits[best]) best = token;
    if (temperature == 0) return best;
    for (token = 0; token < model->vocabulary; token++) logits[token] = (float)(logits[token] / temperature);
    softmax(logits, model->vocabulary);
    for (token = 0, left = chance(seed); token < model->vocabulary; token++)
        if ((left -= logits[token]) < 0) return token;
    return best; /* rounding left a little over */
}

static void say(const Model *model, const Request *request, int token) {
    const char *text;
    size_t length = text_of(model, token, &text);
    if (request->prompt) fwrite(text, 1, length, stdout);
    else printf("%d ", token);
    fflush(stdout);
}

static void print_routes(const Model *model, const int *tokens, const int *chosen, int count) {
    int at, layer, place;
    for (at = 0; at < count; at++) {
        printf("route %d %d", at, tokens[at]);
        for (layer = 0; layer < model->layers && model->experts; layer++)
            for (place = 0; place < model->per_token; place++)
                printf("%c%d", place ? ',' : ' ', *chosen++);
        putchar('\n');
    }
}

static void keep_logits(const Model *model, State *state, FILE *stream) {
    expect(model, state);
    if (fwrite(state->logits, sizeof(float), (size_t)model->vocabulary, stream) != (size_t)model->vocabulary)
        fail(BAD_FILE, "cannot write the logits");
}

int main(int argument_count, char **arguments) {
    Request request = understood(argument_count, arguments);
    File file = read_file(request.file);
    Model model = take_model(&file);
    int count, asked, most, at = 0, token = 0, routes = model.layers * model.per_token;
    int *prompt = prompt_of(&model, &request, &asked), *tokens, *chosen;
    FILE *logits = request.logits ? fopen(request.logits, "wb") : NULL;
    State state;
    clock_t start = clock();
    if (request.logits && !logits) fail(BAD_FILE, "cannot write %s", request.logits);
    count = asked;
    most = request.new_tokens < model.positions - asked ? asked + request.new_tokens : model.positions;
    tokens = room((size_t)most, sizeof(int));
    chosen = room((size_t)most, (size_t)(routes + 1) * sizeof(int));
    memcpy(tokens, prompt, (size_t)asked * sizeof(int));
    state = new_state(&model, most);
    for (;;) {
        feed(&model, &state, tokens[at], at);
        memcpy(chosen + (size_t)at * (size_t)routes, state.chosen, (size_t)routes * sizeof(int));
        if (logits) keep_logits(&model, &state, logits);
        if (++at < count) continue;
        if (count == most) break;
        expect(&model, &state);
        token = drawn(&model, state.logits, request.temperature, &request.seed);
        if (token == model.end) break;
        say(&model, &request, tokens[count++] = token);
    }
    putchar('\n');
    if (request.routes) print_routes(&model, tokens, chosen, at);
    if (logits && fclose(logits)) fail(BAD_FILE, "cannot write %s", request.logits);
    fprintf(stderr, "%d tokens, %.3f ms each, %s\n", at, 1e3 * (double)(clock() - start) / CLOCKS_PER_SEC / at, LANES);
    return 0;
}
